"""The certificates of authorities are read once, and again when their file changes."""

import os
import ssl
from pathlib import Path

import pytest

from tests.support.scripted_server import certificate
from worker.net.certificates import context_of, system_context


def test_every_call_and_every_mail_uses_the_certificates_that_were_read_before(tmp_path: Path) -> None:
    _, ca_file = certificate(tmp_path, "shop.example")
    assert context_of(ca_file) is context_of(ca_file)
    assert system_context() is system_context()


def test_certificates_that_were_replaced_are_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, ca_file = certificate(tmp_path, "shop.example")
    monkeypatch.setenv("SSL_CERT_FILE", ca_file)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    before = context_of(ca_file), system_context()
    os.utime(ca_file, ns=(1, 1))
    after = context_of(ca_file), system_context()
    assert all(one is not other for one, other in zip(before, after, strict=True))
    assert all(context.get_ca_certs() and context.verify_mode is ssl.CERT_REQUIRED for context in after)
    assert all(context.check_hostname for context in after)
