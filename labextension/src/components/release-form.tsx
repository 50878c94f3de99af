import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { Project, ReleaseView, Report } from '../view';
import { Button } from './button';
import { shortCommit } from './format';
import { FaultNotice, Notice } from './notice';
import { PersonFields, asksWho } from './person-fields';
import { ReleaseList } from './release-list';
import { useTrans } from './trans';

interface ReleaseFormProps {
  readonly project: Project;
  readonly report: Report;
  readonly release: ReleaseView;
  readonly onTag: (version: string, push: boolean, by: string) => void;
}

/** Tag the tested commit with this run's evidence, while the gate is open. */
export function ReleaseForm({ project, report, release, onTag }: ReleaseFormProps): JSX.Element {
  const trans = useTrans();
  const id = React.useId();
  const [version, setVersion] = React.useState('');
  const [push, setPush] = React.useState(false);
  const [by, setBy] = React.useState('');
  const obstacle = useObstacle(report);
  return (
    <form
      className="jp-df-release"
      onSubmit={event => {
        event.preventDefault();
        onTag(version.trim(), push, by);
      }}
    >
      {obstacle ? (
        <Notice tone="warn" title={obstacle} />
      ) : (
        <p className="jp-df-detail">{promise(project, report, version, trans)}</p>
      )}
      <div className="jp-df-row">
        <label htmlFor={`${id}-version`}>{trans.__('Version')}</label>
        <input
          id={`${id}-version`}
          className="jp-df-input jp-df-grow"
          type="text"
          placeholder="1.0.0"
          autoComplete="off"
          spellCheck={false}
          maxLength={100}
          value={version}
          disabled={obstacle !== null}
          onChange={event => setVersion(event.target.value)}
        />
        <Button
          type="submit"
          look="main"
          label={release.tagging ? trans.__('Tagging…') : trans.__('Tag')}
          disabled={obstacle !== null || release.tagging || version.trim() === ''}
        />
      </div>
      {project.remote && (
        <PushChoice
          remote={project.remote}
          push={push}
          disabled={obstacle !== null}
          onChange={setPush}
        />
      )}
      {asksWho(release.fault, by) && <PersonFields onChange={setBy} />}
      {release.fault && <FaultNotice fault={release.fault} />}
      <ReleaseList release={release} />
    </form>
  );
}

interface PushChoiceProps {
  readonly remote: string;
  readonly push: boolean;
  readonly disabled: boolean;
  readonly onChange: (push: boolean) => void;
}

function PushChoice({ remote, push, disabled, onChange }: PushChoiceProps): JSX.Element {
  const trans = useTrans();
  return (
    <label className="jp-df-check">
      <input
        type="checkbox"
        checked={push}
        disabled={disabled}
        onChange={event => onChange(event.target.checked)}
      />
      {trans.__('Push the tag to %1', remote)}
    </label>
  );
}

function promise(
  project: Project,
  report: Report,
  version: string,
  trans: TranslationBundle
): string {
  return trans.__(
    'Tags commit %1 as %2, with the verdict, its evidence and %3 findings in the message.',
    shortCommit(report.run.commit ?? ''),
    project.tag.replace('{version}', version.trim() || '\u2026'),
    report.findings.length
  );
}

/** Why this run cannot be released, or null. The server has the last word. */
function useObstacle(report: Report): string | null {
  const trans = useTrans();
  if (report.gate !== 'open') {
    return trans.__('The gate is closed: the findings below say why.');
  }
  if (!report.run.commit) {
    if (report.run.no_commit) {
      return report.run.no_commit;
    }
    return trans.__('This run tested no commit. Put the project under git, commit and run again.');
  }
  if (report.run.dirty) {
    return trans.__('Files differed from the commit during this run. Commit them and run again.');
  }
  return null;
}
