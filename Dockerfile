# syntax=docker/dockerfile:1
FROM node:24.21.0-bookworm-slim AS base
WORKDIR /app

# What the program needs at run time. npm picks the native packages of the platform this stage runs on, which is the
# image's own; Temporal's SDK brings its native core for every platform, and only this one's is kept.
FROM base AS dependencies
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts \
  && npm cache clean --force \
  && cd node_modules/@temporalio/core-bridge/releases \
  && test -d "$(uname -m)-unknown-linux-gnu" \
  && find . -mindepth 1 -maxdepth 1 ! -name "$(uname -m)-unknown-linux-gnu" -exec rm -r {} + \
  && chmod -R a+rX /app/node_modules

# The image has the Node.js that the sources want, so no package has to fetch one: no install script runs here either.
FROM base AS build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY dev/build.ts dev/build-main.ts dev/
COPY src src
RUN npm run build && chmod -R a+rX dist

FROM base
LABEL org.opencontainers.image.title="capi-vip-allocator" \
  org.opencontainers.image.description="Gives every Cluster API cluster a free virtual IP from an IP pool" \
  org.opencontainers.image.source="https://github.com/gorizond/capi-vip-allocator" \
  org.opencontainers.image.licenses="Apache-2.0"
# Of the memory limit, for each of two JavaScript heaps: the workflows have a thread of their own. The rest is for Temporal's
# native core.
ENV NODE_ENV=production \
  NODE_OPTIONS=--max-old-space-size-percentage=40
COPY LICENSE package.json ./
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
# A number, so that Kubernetes can tell it is not root. Every user can read the program, such as those that OpenShift
# chooses, with group 0. Nothing is written to the file system at run time.
USER 65532:65532
# Metrics and probes.
EXPOSE 8080 8081
ENTRYPOINT ["node", "dist/main.js"]
CMD ["run"]
