"""Who may see what: signing in, roles, and the proof that a form is ours."""
