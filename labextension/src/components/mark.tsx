import React from 'react';
import { Glyph } from './glyph';
import type { Mark } from './words';

/** A state as picture and word; `quiet` hides the word from the eye, never from a screen reader. */
export function MarkView(props: { readonly mark: Mark; readonly quiet?: boolean }): JSX.Element {
  const { glyph, tone, word } = props.mark;
  return (
    <span className={`jp-df-mark jp-df-tone-${tone}`} title={props.quiet ? word : undefined}>
      <Glyph name={glyph} />
      <span className={props.quiet ? 'jp-df-only-said' : 'jp-df-mark-word'}>{word}</span>
    </span>
  );
}
