import React from 'react';
import type { Secret } from '../view';
import { Button } from './button';
import { Notice } from './notice';
import { useTrans } from './trans';

interface ConsentProps {
  readonly secrets: readonly Secret[];
  readonly onAllow: (secret: Secret) => void;
}

/** Asks before the first use of each secret: the repository names it, and where it goes. */
export function Consent({ secrets, onAllow }: ConsentProps): JSX.Element {
  const trans = useTrans();
  return (
    <Notice tone="warn" title={trans.__('This project asks for your secrets')}>
      <p>
        {trans.__('Allow only what you would send there yourself. Nothing is sent before that.')}
      </p>
      {secrets.map(secret => (
        <div key={`${secret.reference}=${secret.origin}`}>
          <code>{secret.reference}</code> {trans.__('would be sent to')}{' '}
          <code>{secret.origin}</code>{' '}
          <Button
            label={trans.__('Allow')}
            title={trans.__('Let %1 be sent to %2, from now on', secret.reference, secret.origin)}
            onClick={() => onAllow(secret)}
          />
        </div>
      ))}
    </Notice>
  );
}
