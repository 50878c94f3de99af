import React from 'react';

// drawn on a grid of 16; each shape differs in outline, so that it is told apart without its colour
const SHAPES = {
  pass: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm3.6 5.2-4.3 4.9a.75.75 0 0 1-1.1.03L4.1 9a.75.75 0 1 1 1.06-1.06l1.55 1.54 3.77-4.28A.75.75 0 1 1 11.6 6.2Z',
  fail: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm2.8 8.74a.75.75 0 1 1-1.06 1.06L8 9.06 6.26 10.8A.75.75 0 0 1 5.2 9.74L6.94 8 5.2 6.26A.75.75 0 0 1 6.26 5.2L8 6.94 9.74 5.2a.75.75 0 0 1 1.06 1.06L9.06 8l1.74 1.74Z',
  warn: 'M7.1 1.8a1.04 1.04 0 0 1 1.8 0l6.1 10.9a1.04 1.04 0 0 1-.9 1.55H1.9a1.04 1.04 0 0 1-.9-1.55L7.1 1.8ZM8 5.2a.75.75 0 0 0-.75.75v3a.75.75 0 0 0 1.5 0v-3A.75.75 0 0 0 8 5.2Zm0 7.3a.9.9 0 1 0 0-1.8.9.9 0 0 0 0 1.8Z',
  inconclusive:
    'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm0 10.9a.9.9 0 1 1 0-1.8.9.9 0 0 1 0 1.8Zm.75-3.2v.2a.75.75 0 0 1-1.5 0v-.55c0-.5.3-.87.75-1.1.62-.32.95-.6.95-1.08 0-.55-.42-.87-.95-.87-.5 0-.87.27-1.06.72a.75.75 0 0 1-1.38-.58A2.6 2.6 0 0 1 8 3.8c1.4 0 2.45.92 2.45 2.32 0 1.3-.88 1.93-1.7 2.38v.2Z',
  error:
    'M5.2 1h5.6L15 5.2v5.6L10.8 15H5.2L1 10.8V5.2L5.2 1ZM8 4.2a.75.75 0 0 0-.75.75v3.6a.75.75 0 0 0 1.5 0v-3.6A.75.75 0 0 0 8 4.2Zm0 7.7a.9.9 0 1 0 0-1.8.9.9 0 0 0 0 1.8Z',
  skipped:
    'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm0 1.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11ZM5 7.25h6v1.5H5v-1.5Z',
  waiting: 'M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11ZM8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1Z',
  working: 'M8 1a7 7 0 0 1 7 7h-1.6A5.4 5.4 0 0 0 8 2.6V1Z',
  up: 'M8 3.2 13 9H9.1v4H6.9V9H3l5-5.8Z',
  down: 'M8 12.8 3 7h3.9V3h2.2v4H13l-5 5.8Z',
  same: 'M3 5.2h10v1.7H3V5.2Zm0 3.9h10v1.7H3V9.1Z',
  plus: 'M7.1 3h1.8v4.1H13v1.8H8.9V13H7.1V8.9H3V7.1h4.1V3Z',
  minus: 'M3 7.1h10v1.8H3V7.1Z'
} as const;

export type GlyphName = keyof typeof SHAPES;

/** A small picture that takes the colour of its text; what it says is always beside it in words. */
export function Glyph({ name }: { readonly name: GlyphName }): JSX.Element {
  return (
    <svg className="jp-df-glyph" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path fill="currentColor" fillRule="evenodd" d={SHAPES[name]} />
    </svg>
  );
}
