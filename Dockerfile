# Node.js 24 with npm on a system with glibc: the official image, or a mirror of it.
ARG NODE_IMAGE=docker.io/library/node:24.21.0-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
# npm picks the native packages of the platform this stage runs on, which is the image's own. Two secrets, both optional:
# settings of npm, such as a mirror of its registry, and the certificate authority of that mirror. No install script runs.
COPY package.json package-lock.json .npmrc ./
COPY dev/image/build-packages.ts dev/image/
RUN --mount=type=secret,id=npmrc,target=/run/secrets/npmrc \
  --mount=type=secret,id=ca,target=/run/secrets/ca \
  node dev/image/build-packages.ts \
  && npm_config_userconfig=/run/secrets/npmrc npm_config_cafile=/run/secrets/ca npm ci --ignore-scripts \
  && npm cache clean --force
# The lock file again as it is, since the build is named after it.
COPY package.json package-lock.json tsconfig.json tsconfig.build.json ./
COPY dev/build.ts dev/build-main.ts dev/
COPY dev/image/assemble.ts dev/image/prune.ts dev/image/root-filesystem.ts dev/image/
COPY src src
RUN npm run build \
  && node dev/image/assemble.ts /rootfs \
  && chmod -R a+rX node_modules dist /rootfs

# Node.js, its libraries, certificate authorities and the program: no shell, no package manager.
FROM scratch
ARG NODE_IMAGE
LABEL org.opencontainers.image.title="capi-vip-allocator" \
  org.opencontainers.image.description="Gives every Cluster API cluster a free virtual IP from an IP pool" \
  org.opencontainers.image.source="https://github.com/gorizond/capi-vip-allocator" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.base.name="${NODE_IMAGE}"
COPY --from=build /rootfs /
WORKDIR /app
# Of the memory limit, for each of two JavaScript heaps: the workflows have a thread of their own. The rest is for Temporal's
# native core.
ENV PATH=/usr/local/bin \
  NODE_ENV=production \
  NODE_OPTIONS=--max-old-space-size-percentage=40
COPY LICENSE package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
# A number, so that Kubernetes can tell it is not root. Every user can read the program, such as those that OpenShift
# chooses, with group 0. Nothing is written to the file system at run time.
USER 65532:65532
# Metrics and probes.
EXPOSE 8080 8081
ENTRYPOINT ["capi-vip-allocator"]
CMD ["run"]
