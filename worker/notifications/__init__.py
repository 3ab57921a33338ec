"""Who is told of what: the owner by alert, a program by webhook."""
