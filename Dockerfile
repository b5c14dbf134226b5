# By its digest, which only who builds can look at: --build-arg NODE_IMAGE=docker.io/library/node:24-bookworm-slim@sha256:…
ARG NODE_IMAGE=docker.io/library/node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
# libzstd-dev and libsasl2-dev before node-rdkafka is compiled: without them zstd and Kerberos are missing without a word.
RUN apt-get update \
  && apt-get install -y --no-install-recommends python3 make g++ libssl-dev zlib1g-dev libzstd-dev libsasl2-dev \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/hypermeter
COPY package.json package-lock.json .npmrc ./
# One job at a time: a parallel make compiles the binding before the library that it needs.
RUN npm ci --ignore-scripts && MAKEFLAGS= npm rebuild node-rdkafka
COPY . .
# The tests are not here, and not in the image.
RUN sed -i 's/, "test"]/]/' tsconfig.json && npx tsc \
  && node --input-type=module -e "import { billOfMaterials } from './dist/k8s/package/materials.js'; \
       console.log(JSON.stringify(await billOfMaterials('.', 'spdx')))" > sbom.spdx.json \
  && npm prune --omit=dev --ignore-scripts \
  && rm -rf node_modules/node-rdkafka/deps/librdkafka node_modules/node-rdkafka/build/Release/obj.target dist/.tsbuildinfo dist/k8s \
  && node dist/pipeline/cli/main.js version | grep -q 'sasl_gssapi.*zstd'

FROM ${NODE_IMAGE}
# zstd and SASL as they were compiled against; ssh for qemu+ssh://.
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates libssl3 zlib1g libzstd1 libsasl2-2 libsasl2-modules-gssapi-mit openssh-client \
  && rm -rf /var/lib/apt/lists/* /usr/local/lib/node_modules/npm /usr/local/bin/npm /usr/local/bin/npx /opt/yarn*
# ssh runs for nobody who has no name.
RUN echo 'hypermeter:x:65532:65532::/tmp:/sbin/nologin' >> /etc/passwd && echo 'hypermeter:x:65532:' >> /etc/group
COPY --from=build /opt/hypermeter/package.json /opt/hypermeter/LICENSE /opt/hypermeter/sbom.spdx.json /opt/hypermeter/
COPY --from=build /opt/hypermeter/node_modules /opt/hypermeter/node_modules
COPY --from=build /opt/hypermeter/avro /opt/hypermeter/avro
COPY --from=build /opt/hypermeter/pipeline/page/static /opt/hypermeter/pipeline/page/static
COPY --from=build /opt/hypermeter/dist /opt/hypermeter/dist
ENV NODE_ENV=production
WORKDIR /opt/hypermeter
USER 65532:65532
EXPOSE 9464
# No tini: the program handles SIGTERM, and waits for the only processes that it starts (docs/kubernetes.md).
ENTRYPOINT ["node", "/opt/hypermeter/dist/pipeline/cli/main.js"]
CMD ["--help"]
