import React from 'react';

interface SectionProps {
  readonly title: string;
  /** What the closed section already tells, for example a count. */
  readonly summary?: React.ReactNode;
  readonly open?: boolean;
  readonly children: React.ReactNode;
}

/** One part of the panel that can be folded; the browser's own disclosure, so that every reader knows it. */
export function Section({ title, summary, open = true, children }: SectionProps): JSX.Element {
  return (
    <details className="jp-df-section" open={open}>
      <summary className="jp-df-section-head">
        <span className="jp-df-section-title" role="heading" aria-level={3}>
          {title}
        </span>
        {summary !== undefined && <span className="jp-df-section-summary">{summary}</span>}
      </summary>
      <div className="jp-df-section-body">{children}</div>
    </details>
  );
}
