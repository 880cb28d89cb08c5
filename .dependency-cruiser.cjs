/** The layers of the product: who may import whom. `compose.ts` alone knows them all. */
const layers = {
  lib: [],
  provisioning: ['lib'],
  scim: ['provisioning', 'lib'],
  box: ['provisioning', 'lib'],
  store: ['provisioning', 'lib'],
  background: ['provisioning', 'lib'],
  'dry-run': ['provisioning', 'lib'],
  emulator: ['lib'],
  metrics: ['provisioning', 'lib'],
  alerts: ['provisioning', 'lib'],
  config: ['lib']
}

const layerRules = Object.entries(layers).map(([layer, allowed]) => ({
  name: `layer-${layer}`,
  severity: 'error',
  comment: `src/${layer} imports only ${['itself', ...allowed].join(', ')}.`,
  from: { path: `^src/${layer}/` },
  to: { path: '^src/', pathNot: `^src/(${[layer, ...allowed].join('|')})/` }
}))

const onlyFrom = (name, packages, layer) => ({
  name,
  severity: 'error',
  from: { path: '^src/', pathNot: `^src/${layer}/` },
  to: { path: `node_modules/(${packages})/` }
})

module.exports = {
  forbidden: [
    ...layerRules,
    {
      name: 'cli-uses-compose-and-config',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: { path: '^src/', pathNot: '^src/(cli|config|lib)/|^src/compose(/|\\.ts$)' }
    },
    {
      name: 'protocol-has-no-io',
      severity: 'error',
      comment: 'The SCIM protocol is pure: no HTTP framework, no I/O.',
      from: { path: '^src/scim/protocol/' },
      to: {
        path: '^(node:)?(fs|net|http|https|child_process|worker_threads)(/|$)|node_modules/fastify/|^src/scim/(plugins|routes)/'
      }
    },
    onlyFrom('only-box-uses-the-sdk', 'box-typescript-sdk-gen|undici', 'box'),
    onlyFrom('only-store-uses-kysely', 'kysely', 'store'),
    onlyFrom('only-metrics-uses-prom-client', 'prom-client', 'metrics'),
    {
      name: 'only-store-opens-the-database',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/store/' },
      to: { path: '^(node:)?sqlite$' }
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'product-needs-no-dev-dependency',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'] }
    }
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types']
    }
  }
}
