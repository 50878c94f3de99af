import React from 'react';
import type { GlyphName } from './glyph';
import { Glyph } from './glyph';

interface ButtonProps {
  readonly label: string;
  readonly glyph?: GlyphName;
  readonly look?: 'main' | 'plain' | 'link';
  /** Show only the picture; the label is said and shown as a tooltip. */
  readonly bare?: boolean;
  readonly disabled?: boolean;
  readonly title?: string;
  readonly onClick: () => void;
}

export function Button(props: ButtonProps): JSX.Element {
  const { label, glyph, look = 'plain' } = props;
  const content = (
    <>
      {glyph && <Glyph name={glyph} />}
      {!props.bare && <span>{label}</span>}
    </>
  );
  return (
    <button
      type="button"
      className={`jp-df-button jp-df-button-${look}${props.bare ? ' jp-df-button-bare' : ''}`}
      aria-label={props.bare ? label : undefined}
      title={props.title ?? (props.bare ? label : undefined)}
      disabled={props.disabled}
      onClick={props.onClick}
    >
      {content}
    </button>
  );
}
