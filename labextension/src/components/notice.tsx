import React from 'react';
import type { Fault } from '../view';
import type { GlyphName } from './glyph';
import { Glyph } from './glyph';

interface NoticeProps {
  readonly tone: 'info' | 'warn' | 'bad';
  readonly title: string;
  readonly glyph?: GlyphName;
  readonly children?: React.ReactNode;
}

/** Something the user should know, and what to do next. Said at once where it is an error. */
export function Notice({ tone, title, glyph, children }: NoticeProps): JSX.Element {
  return (
    <div className={`jp-df-notice jp-df-tone-${tone}`} role={tone === 'bad' ? 'alert' : 'status'}>
      <Glyph
        name={glyph ?? (tone === 'info' ? 'inconclusive' : tone === 'warn' ? 'warn' : 'error')}
      />
      <div className="jp-df-notice-text">
        <strong>{title}</strong>
        {children}
      </div>
    </div>
  );
}

/** An error answer of the server, in its own words. */
export function FaultNotice({
  fault,
  children
}: {
  readonly fault: Fault;
  readonly children?: React.ReactNode;
}): JSX.Element {
  return (
    <Notice tone="bad" title={fault.message}>
      {fault.findings.length > 0 && (
        <ul>
          {fault.findings.map(finding => (
            <li key={finding}>{finding}</li>
          ))}
        </ul>
      )}
      {fault.remedy && <p>{fault.remedy}</p>}
      {children}
    </Notice>
  );
}
