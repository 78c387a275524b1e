# One image for api, worker, migrations and maintenance: `docker build -t iit-ml-service:1.0.0 .` from the root; both builders.
# Node runs the TypeScript as it is, so nothing is compiled. test/deploy/image.int.test.ts replays these steps.
ARG NODE_IMAGE=node:24-slim

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY engine/package.json ./engine/
COPY client/package.json ./client/
COPY cli/bin/package.json ./cli/bin/
# The optional packages only carry a Node 24 for machines with an older one, and native extras.
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM ${NODE_IMAGE} AS runtime
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="iit-ml-service" \
      org.opencontainers.image.description="Scores cohorts of patients on ART for the risk of interruption in treatment" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# An init, so that the process is not number 1: signals keep their default meaning, orphans are reaped.
RUN apt-get update && apt-get install -y --no-install-recommends tini \
  && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin
# A volume mounted here takes its owner from here, and so the process may write its backups and its checkpoints.
RUN install -d -o 10001 -g 10001 /backups && install -d -o 10001 -g 10001 /checkpoints
WORKDIR /app
ENV NODE_ENV=production
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY engine ./engine
COPY patients ./patients
COPY shared ./shared
COPY migrations ./migrations
COPY models ./models
COPY api ./api
COPY web ./web
COPY workers ./workers
COPY client ./client
COPY cli ./cli
COPY docker/healthcheck.ts ./docker/
COPY docker/ca ./ca
# Everything above belongs to root and is read-only to the process.
USER 10001:10001
EXPOSE 8000 8001
# Longer than an idle machine needs: at a start every container of a small machine begins at once.
HEALTHCHECK --interval=15s --timeout=10s --start-period=90s --retries=3 \
  CMD ["node", "docker/healthcheck.ts", "http://127.0.0.1:8000/health/live"]
ENTRYPOINT ["/usr/bin/tini", "--"]
CMD ["node", "api/main.ts"]
