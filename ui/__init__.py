"""The parts of the pages: besides app.py and pages/ the only code that knows Streamlit."""
