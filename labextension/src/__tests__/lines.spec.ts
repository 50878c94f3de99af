import { joinLines } from '../documents/lines';

const cell = (outputs: unknown) => ({
  cell_type: 'code',
  metadata: {},
  source: ['a\n', 'b'],
  outputs
});
const notebook = (outputs: unknown) =>
  ({ cells: [cell(outputs)], metadata: {}, nbformat: 4, nbformat_minor: 5 }) as never;

describe('an executed notebook as it lies on disk', () => {
  it.each([
    [
      { output_type: 'stream', text: ['a\n', 'b\n'] },
      { output_type: 'stream', text: 'a\nb\n' }
    ],
    [
      { output_type: 'stream', text: 'a\nb' },
      { output_type: 'stream', text: 'a\nb' }
    ],
    [
      { data: { 'text/plain': ['a\n', 'b'], 'image/svg+xml': ['<svg>', '</svg>'] } },
      { data: { 'text/plain': 'a\nb', 'image/svg+xml': '<svg></svg>' } }
    ],
    [
      { data: { 'application/json': ['a', 'b'], 'application/x+json': [1] } },
      { data: { 'application/json': ['a', 'b'], 'application/x+json': [1] } }
    ],
    [
      { output_type: 'error', traceback: ['x', 'y'] },
      { output_type: 'error', traceback: ['x', 'y'] }
    ]
  ])('has each text of an output in one piece', (given, expected) => {
    expect(joinLines(notebook([given])).cells).toEqual([cell([expected])]);
  });
});
