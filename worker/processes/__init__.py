"""The processes of an installation: started, stopped, looked after, asked how they are."""
