// The architecture as code: plugins -> panel, documents -> models, components -> api -> wire, tokens.
const layer = (name, from, to, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { path: to }
});

const plugins = '^src/(plugins/|index\\.ts)';
const doors = '^src/(panel\\.tsx|documents/)';
const models = '^src/models/';
const components = '^src/components/';
const api = '^src/api\\.ts';

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'a cycle hides which of two files is the lower one',
      from: {},
      to: { circular: true }
    },
    {
      name: 'no-orphans',
      severity: 'error',
      comment: 'a file nobody imports is left over',
      from: { orphan: true, pathNot: '^src/(index|mime|wire)\\.ts$|^src/__tests__/' },
      to: {}
    },
    {
      name: 'known-places',
      severity: 'error',
      comment: 'a new top-level file or folder needs a place in the layers',
      from: { path: '^src/' },
      to: {
        path: '^src/',
        pathNot:
          '^src/(index\\.ts|mime\\.ts|panel\\.tsx|api\\.ts|wire\\.ts|tokens\\.ts|view\\.ts|observation\\.ts|icons\\.ts|plugins/|documents/|models/|components/|__tests__/)'
      }
    },
    layer(
      'components-show',
      components,
      `${plugins}|${doors}|${models}|${api}`,
      'components take props and callbacks; they never fetch'
    ),
    layer(
      'models-know-no-view',
      models,
      `${plugins}|${doors}|${components}`,
      'models hold state, no React'
    ),
    {
      name: 'models-without-react',
      severity: 'error',
      comment: 'models hold state, no React',
      from: { path: models },
      to: { path: 'node_modules/(react|react-dom)/' }
    },
    layer(
      'api-is-low',
      api,
      `${plugins}|${doors}|${models}|${components}`,
      'the API knows only the wire'
    ),
    layer(
      'words-are-lowest',
      '^src/(wire|tokens|view|icons)\\.ts',
      `${plugins}|${doors}|${models}|${components}|${api}`,
      'wire, tokens and view are what everything else may know'
    ),
    layer('doors-do-not-wire', doors, plugins, 'plugins do the wiring'),
    layer(
      'mime-stands-alone',
      '^src/mime\\.ts',
      `${plugins}|${doors}|${models}|${components}|${api}`,
      'the MIME renderer is loaded without the rest'
    ),
    {
      name: 'tests-stay-out',
      severity: 'error',
      comment: 'the bundle holds no tests',
      from: { pathNot: '^src/__tests__/' },
      to: { path: '^src/__tests__/' }
    }
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'default']
    }
  }
};
