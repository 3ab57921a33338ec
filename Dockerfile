# One image, several commands. Slim Debian: the embedded broker's wheel needs glibc.
FROM python:3.13-slim-trixie AS build
WORKDIR /src
COPY requirements/runtime.txt requirements/
RUN python -m venv /opt/facturelay \
 && /opt/facturelay/bin/pip install --no-cache-dir --require-hashes -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY bridge bridge
COPY worker worker
COPY wp-plugin wp-plugin
RUN /opt/facturelay/bin/pip install --no-cache-dir --no-deps .

FROM python:3.13-slim-trixie
# pg_dump and pg_restore, of the server's version in docker-compose.yml: for `facturelay backup` and `restore`.
RUN apt-get update \
 && apt-get install -y --no-install-recommends postgresql-client-17 \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/facturelay /opt/facturelay
ENV PATH=/opt/facturelay/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    FACTURELAY_DATA=/data
RUN useradd --system --create-home --uid 10001 facturelay \
 && install -d -m 700 -o facturelay -g facturelay /data
USER facturelay
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/health', timeout=4)"]
ENTRYPOINT ["facturelay"]
CMD ["up", "--host", "0.0.0.0"]
