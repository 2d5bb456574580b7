"""The page Train: choices and progress."""
