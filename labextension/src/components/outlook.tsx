import React from 'react';
import type { Project, Rule } from '../view';
import { MarkView } from './mark';
import { useTrans } from './trans';

/** What a run with the planned examples can settle, and what is doubtful, said before anything is sent. */
export function Outlook({ project }: { readonly project: Project }): JSX.Element | null {
  const trans = useTrans();
  const rules = project.rules.filter(rule => rule.expectations.length + rule.doubts.length > 0);
  const notices = [...project.notices, ...project.suites.flatMap(suite => suite.notices)];
  if (rules.length + notices.length === 0) {
    return null;
  }
  const hopeless = rules
    .flatMap(rule => rule.expectations)
    .filter(expectation => !expectation.can_pass).length;
  return (
    <details className="jp-df-choice">
      <summary>
        {trans.__('What a run can settle')}
        {hopeless > 0 && (
          <MarkView
            mark={{
              glyph: 'warn',
              word: trans._n('%1 limit cannot pass', '%1 limits cannot pass', hopeless),
              tone: 'warn'
            }}
          />
        )}
      </summary>
      {notices.map(notice => (
        <p key={notice} className="jp-df-detail">
          {notice}
        </p>
      ))}
      <dl className="jp-df-outlook">
        {rules.map((rule, index) => (
          <RuleOutlook key={index} rule={rule} />
        ))}
      </dl>
    </details>
  );
}

function RuleOutlook({ rule }: { readonly rule: Rule }): JSX.Element {
  return (
    <>
      <dt>{rule.metric}</dt>
      {rule.doubts.map(doubt => (
        <dd key={doubt}>{doubt}</dd>
      ))}
      {rule.expectations.map(({ expression, sentence }) => (
        <dd key={expression}>
          <code>{expression}</code> {sentence}
        </dd>
      ))}
    </>
  );
}
