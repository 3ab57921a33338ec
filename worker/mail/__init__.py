"""One mail out: what it says (`customer_mail`, `alert_mail`), by which server (`server_choice`), and how it leaves (`smtp`)."""
