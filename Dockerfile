# syntax=docker/dockerfile:1
FROM node:24.21.0-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:24.21.0-slim
# NODE_ENV and the marker keep the demo from starting by accident.
ENV NODE_ENV=production \
    BOX_BRIDGE_CONTAINER=1 \
    HOST=0.0.0.0 \
    PORT=8080 \
    DATABASE_URL=file:/data/bridge.db
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY scim-schemas ./scim-schemas
COPY mapping ./mapping
COPY src ./src
# The directory, readable by the bridge alone; a new volume takes owner and mode from here.
RUN install -d -o node -g node -m 0700 /data
VOLUME /data
USER node
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "src/cli/main.ts", "serve"]
