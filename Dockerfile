# syntax=docker/dockerfile:1
# The steps are scripts/setup, scripts/wheel and scripts/install: the ones that tests/packaging runs.

FROM python:3.13-slim-bookworm AS build
WORKDIR /build
COPY . .
RUN scripts/setup && scripts/wheel /wheels && scripts/install /opt/dispatch /wheels/*.whl

FROM python:3.13-slim-bookworm
LABEL org.opencontainers.image.title="dispatch" org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --system --uid 10001 --home-dir /var/lib/dispatch --create-home --shell /usr/sbin/nologin dispatch
COPY --from=build /opt/dispatch /opt/dispatch
ENV PATH="/opt/dispatch/bin:$PATH" PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /var/lib/dispatch
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["dispatch"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
