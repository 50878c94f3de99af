import { nullTranslator } from '@jupyterlab/translation';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

/** The words of the user's language; without a language pack they stay as they are written here. */
export const TransContext = React.createContext<TranslationBundle>(nullTranslator.load(''));

export function useTrans(): TranslationBundle {
  return React.useContext(TransContext);
}
