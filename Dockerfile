# syntax=docker/dockerfile:1
# The broker as one image. Give it CCX_ENV, CCX_ISSUER, CCX_SECRET_KEY, CCX_PASSWORD_KEY and CCX_DATABASE_URL;
# without the last it runs a PostgreSQL of its own in the volume /var/lib/ccx-broker.

FROM python:3.13-slim AS build
WORKDIR /build
RUN python -m venv /opt/ccx && python -m venv /opt/tools
COPY requirements/runtime.lock requirements/
RUN /opt/ccx/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements/runtime.lock
COPY requirements/build.lock requirements/
RUN /opt/tools/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements/build.lock
COPY pyproject.toml README.md ./
COPY migrations migrations
COPY src src
RUN /opt/tools/bin/python -m hatchling build -t wheel \
 && /opt/ccx/bin/pip install --no-cache-dir --no-deps dist/*.whl \
 && /opt/ccx/bin/python -m compileall -q /opt/ccx/lib

FROM python:3.13-slim
RUN useradd --system --uid 999 --no-create-home --shell /usr/sbin/nologin ccx \
 && install -d -o ccx -g ccx -m 0700 /var/lib/ccx-broker
COPY --from=build /opt/ccx /opt/ccx
ENV PATH=/opt/ccx/bin:$PATH PYTHONUNBUFFERED=1 CCX_HOST=0.0.0.0 CCX_PORT=8000 CCX_DATA_DIR=/var/lib/ccx-broker
USER ccx
WORKDIR /
VOLUME /var/lib/ccx-broker
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['CCX_PORT']}/healthz\", timeout=4)"]
# Exec form: the broker itself gets SIGTERM, answers what is under way and stops its PostgreSQL.
ENTRYPOINT ["ccx-broker"]
CMD ["serve"]
