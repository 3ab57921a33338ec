"""Use cases: what follows a number: the PDF, the mail, the note on the order. Each is a step that can be repeated."""
