"""Science against real stars: each module judges shipped runs with data that decided nothing of them."""
