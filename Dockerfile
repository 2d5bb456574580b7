# Massive Star Explorer. CPU: docker build -t massive-star-explorer .    GPU: docker build --target gpu -t massive-star-explorer:gpu .
# docs/deploy.md says how to run it.

FROM python:3.11.14-slim-bookworm AS base
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    EXPLORER_DATA_DIR=/data \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    STREAMLIT_SERVER_PORT=8501 \
    STREAMLIT_SERVER_HEADLESS=true \
    HOME=/tmp
RUN groupadd --gid 10001 explorer \
    && useradd --uid 10001 --gid explorer --no-create-home --shell /usr/sbin/nologin explorer \
    && mkdir /data && chown explorer:explorer /data
WORKDIR /app

FROM base AS gpu
COPY requirements-common.txt requirements-gpu.txt ./
RUN pip install -r requirements-gpu.txt
COPY . .
USER 10001:10001
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; base = os.environ.get('STREAMLIT_SERVER_BASE_URL_PATH', '').strip('/'); urllib.request.urlopen('http://127.0.0.1:' + os.environ['STREAMLIT_SERVER_PORT'] + '/' * bool(base) + base + '/_stcore/health', timeout=4)"]
CMD ["streamlit", "run", "app.py"]

# The last stage is what `docker build` makes when no target is named.
FROM base AS cpu
COPY requirements.lock ./
RUN pip install --require-hashes -r requirements.lock
COPY . .
USER 10001:10001
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; base = os.environ.get('STREAMLIT_SERVER_BASE_URL_PATH', '').strip('/'); urllib.request.urlopen('http://127.0.0.1:' + os.environ['STREAMLIT_SERVER_PORT'] + '/' * bool(base) + base + '/_stcore/health', timeout=4)"]
CMD ["streamlit", "run", "app.py"]
