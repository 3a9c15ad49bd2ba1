"""The main job, whoever starts it: pytest's bench functions, the command line or a notebook."""
