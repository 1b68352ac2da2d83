import path from 'node:path';
import tseslint from 'typescript-eslint';

/**
 * The dependency direction of the design, lowest first. A layer may import itself and what its list names
 * (docs/architecture.md draws it). `pure` layers import nothing from Node: the machine also runs in a browser.
 */
const LAYERS = {
  core: { imports: [], pure: true },
  isa: { imports: ['core'], pure: true },
  trace: { imports: ['core'], pure: true },
  state: { imports: ['core', 'isa'], pure: true },
  mmu: { imports: ['core', 'isa', 'state', 'trace'], pure: true },
  engine: { imports: ['core', 'isa', 'state', 'trace'], pure: true },
  cpu: { imports: ['core', 'isa', 'state', 'trace', 'mmu', 'engine'], pure: true },
  timing: { imports: ['core', 'isa', 'state', 'trace', 'engine', 'mmu', 'cpu'], pure: true },
  kvm: { imports: ['core', 'isa', 'state', 'trace', 'mmu', 'cpu'], pure: true },
  loader: { imports: ['core'], pure: true },
  asm: { imports: ['core', 'isa'], pure: true },
  machine: {
    imports: ['core', 'isa', 'state', 'trace', 'mmu', 'engine', 'cpu', 'timing', 'kvm', 'loader', 'asm'],
    pure: true,
  },
  sinks: { imports: ['core', 'isa', 'state', 'trace', 'asm'], pure: false },
  gdb: { imports: ['core', 'isa', 'state', 'trace', 'mmu', 'cpu', 'kvm', 'machine'], pure: false },
  cli: { imports: null, pure: false },
  index: { imports: null, pure: false },
};

/** The layer of a file, from its path below the project's root; undefined for tests and configuration. */
function layerOf(file) {
  const parts = path.relative(import.meta.dirname, file).split(path.sep);
  if (parts[0] === 'isa') return 'isa';
  if (parts[0] !== 'src') return undefined;
  if (parts[1] === 'trace' && parts[2] === 'sinks') return 'sinks';
  return parts[1].replace(/\.ts$/, '');
}

const layersRule = {
  meta: { type: 'problem', schema: [] },
  create(context) {
    const from = layerOf(context.filename);
    const layer = from && LAYERS[from];
    if (!from) return {};
    const check = (node) => {
      const target = node.source?.value;
      if (typeof target !== 'string') return;
      if (!target.startsWith('.')) {
        if (layer.pure) context.report({ node, message: `${from} must not import the package "${target}"` });
        return;
      }
      const to = layerOf(path.resolve(path.dirname(context.filename), target));
      if (to && to !== from && layer.imports && !layer.imports.includes(to))
        context.report({ node, message: `${from} must not import ${to}: dependencies point downwards` });
    };
    return { ImportDeclaration: check, ExportNamedDeclaration: check, ExportAllDeclaration: check };
  },
};

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'coverage/', '.cache/'] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
    plugins: { book3s: { rules: { layers: layersRule } } },
    rules: {
      'book3s/layers': 'error',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  {
    files: ['**/*.mjs', 'bin/**'],
    ...tseslint.configs.disableTypeChecked,
  },
  { files: ['bin/**'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
);
