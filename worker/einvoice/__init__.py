"""E-invoices: a document as Peppol BIS Billing 3.0 (UBL 2.1), and what its rules say of one.

Nothing here knows of numbers, shops or files: who asks has the document, and keeps the bytes.
"""
