import React from 'react';

interface SectionProps {
  readonly title: string;
  /** What the closed section already tells, for example a count. */
  readonly summary?: React.ReactNode;
  readonly open?: boolean;
  readonly children: React.ReactNode;
}

/** Which sections the user folded or unfolded, by title: it outlives the run that was on show. */
export const FoldContext = React.createContext(new Map<string, boolean>());

/** One part of the panel that can be folded; the browser's own disclosure, so that every reader knows it. */
export function Section({ title, summary, open = true, children }: SectionProps): JSX.Element {
  const folds = React.useContext(FoldContext);
  return (
    <details
      className="jp-df-section"
      open={folds.get(title) ?? open}
      onToggle={event => remember(folds, title, { open, now: event.currentTarget.open })}
    >
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

/** Forget what is as it would be anyway, so that a section may still open by itself. */
function remember(
  folds: Map<string, boolean>,
  title: string,
  { open, now }: { readonly open: boolean; readonly now: boolean }
): void {
  if (now === open) {
    folds.delete(title);
  } else {
    folds.set(title, now);
  }
}
