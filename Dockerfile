# One image, three programs: the API with the web console (default), the worker (`node dist/worker.js`), the
# simulated cluster (`node dist/simulator/main.js`). `scripts/check-image.mjs` runs these stages without a container
# engine; it understands what stands here and no more: every RUN stays inside its WORKDIR.

FROM node:20.20.2-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --include=dev --ignore-scripts --no-audit --no-fund

FROM dependencies AS build
COPY tsconfig.json tsconfig.build.json worker.ts ./
COPY src ./src
COPY simulator ./simulator
COPY launcher ./launcher
COPY console ./console
RUN node node_modules/typescript/bin/tsc -p tsconfig.build.json
RUN node dist/launcher/bundle-workflows.js
RUN node node_modules/vite/bin/vite.js build console --logLevel warn
RUN mkdir state

FROM dependencies AS production
RUN npm prune --omit=dev --ignore-scripts --no-audit --no-fund
# The SDK brings its native part for five platforms.
RUN find node_modules/@temporalio/core-bridge/releases -mindepth 1 -maxdepth 1 ! -name "$(uname -m)-unknown-linux-gnu" -exec rm -r {} +

FROM node:20.20.2-bookworm-slim AS runtime
WORKDIR /app
ENV NODE_ENV=production
ENV NODE_OPTIONS=--enable-source-maps
ENV STATE_DIR=/app/state
COPY --from=production /app/node_modules ./node_modules
COPY --from=build /app/package.json ./package.json
COPY --from=build /app/dist ./dist
COPY --from=build --chown=node:node /app/state ./state
USER node
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=6 CMD ["node", "dist/launcher/http-health.js"]
CMD ["node", "dist/src/api/main.js"]
