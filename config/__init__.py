"""Settings, names and rendered files: pure Python and text."""
