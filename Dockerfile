# syntax=docker/dockerfile:1

FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# The devDependency `node` brings a second Node binary for machines that lack one; here it would be a waste.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts scripts
COPY schemas schemas
COPY src src
RUN node scripts/build.ts && npm prune --omit=dev --no-audit --no-fund

FROM node:24-slim
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="apikeeper" \
      org.opencontainers.image.description="Keeps Amazon API Gateway's API keys, stages and usage plans the way a Git repository declares them." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV NODE_ENV=production \
    APIKEEPER_HTTP_HOST=0.0.0.0
COPY --from=build /build/package.json /app/package.json
COPY --from=build /build/node_modules /app/node_modules
COPY --from=build /build/schemas /app/schemas
COPY --from=build /build/dist /app/dist
COPY bin /app/bin
# A number, so that Kubernetes' runAsNonRoot can be checked. 1000 is the image's own user `node`.
USER 1000:1000
# The default directory `./manifests` is `/manifests` from here.
WORKDIR /
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.APIKEEPER_HTTP_PORT || 8080}/livez`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Node as process 1 gets SIGTERM directly and handles it.
ENTRYPOINT ["node", "/app/bin/apikeeper.js"]
CMD ["run"]
