"""One mail out: what it says (`mails`) and how it leaves (`smtp`)."""
