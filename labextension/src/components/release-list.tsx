import React from 'react';
import type { ReleaseView } from '../view';
import { ago, moment, shortCommit } from './format';
import { MarkView } from './mark';
import { useNow } from './now';
import { useTrans } from './trans';
import { verdictMark } from './words';

const SHOWN = 3;

/** The newest releases; the tag that was just made says what was done. */
export function ReleaseList({ release }: { readonly release: ReleaseView }): JSX.Element | null {
  const trans = useTrans();
  const now = useNow(30000);
  const { tagged } = release;
  return (
    <>
      {tagged && (
        <p className="jp-df-done jp-df-tone-good" role="status">
          {tagged.pushed_to
            ? trans.__(
                'Tagged %1 as %2 and pushed it to %3.',
                shortCommit(tagged.commit),
                tagged.tag,
                tagged.pushed_to
              )
            : trans.__(
                'Tagged %1 as %2. Only this repository has the tag.',
                shortCommit(tagged.commit),
                tagged.tag
              )}
        </p>
      )}
      {tagged?.notices.map(notice => (
        <p key={notice} className="jp-df-detail">
          {notice}
        </p>
      ))}
      <ul className="jp-df-releases">
        {release.releases.slice(0, SHOWN).map(each => (
          <li key={each.tag} className="jp-df-row">
            <MarkView mark={verdictMark(each.verdict, trans)} quiet />
            <strong className="jp-df-grow">{each.tag}</strong>
            <code>{shortCommit(each.commit)}</code>
            <time
              className="jp-df-detail"
              dateTime={each.created_at}
              title={moment(each.created_at)}
            >
              {ago(each.created_at, now, trans)}
            </time>
          </li>
        ))}
      </ul>
    </>
  );
}
