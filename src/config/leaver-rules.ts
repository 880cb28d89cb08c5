import type { ConfigProblem } from './config-error.ts'
import type { Given } from './sources.ts'

const onDeleteKey = 'ON_DELETE'
const receiverKey = 'TRANSFER_TO'

/** Keys that mean something beside some values of ON_DELETE only. */
const dependentKeys: readonly { readonly key: string; readonly beside: readonly string[] }[] = [
  { key: receiverKey, beside: ['transfer'] },
  { key: 'DELETE_FORCE', beside: ['delete'] },
  { key: 'DELETE_AFTER_DAYS', beside: ['transfer', 'delete'] }
]

/** Says what contradicts itself in what is to follow a DELETE. */
export function leaverProblems(given: Given): readonly ConfigProblem[] {
  const onDelete = textOf(given, onDeleteKey) ?? 'deactivate'
  const lacksReceiver = onDelete === 'transfer' && !given.mentioned.has(receiverKey)
  const useless = dependentKeys.filter(
    ({ key, beside }) => isOn(textOf(given, key)) && !beside.includes(onDelete)
  )
  return [
    ...(lacksReceiver ? [receiverMissing] : []),
    ...useless.map(({ key, beside }) => ({
      key,
      given: given.values.get(key)?.shown ?? '',
      reason: `means nothing with ${onDeleteKey}=${onDelete}`,
      allowed: `only beside ${beside.map((value) => `${onDeleteKey}=${value}`).join(' or ')}`,
      advice: `Unset ${key}, or change ${onDeleteKey}.`
    }))
  ]
}

function textOf({ values }: Given, key: string): string | undefined {
  const value = values.get(key)?.value
  return value === undefined ? undefined : JSON.stringify(value).replaceAll('"', '')
}

function isOn(text: string | undefined): boolean {
  return text !== undefined && text !== '0' && text !== 'false'
}

const receiverMissing: ConfigProblem = {
  key: receiverKey,
  reason: `is missing beside ${onDeleteKey}=transfer: nobody would receive the content`,
  allowed: 'a Box user id, a login, `manager` or `service`',
  advice: `Set ${receiverKey}, or choose another ${onDeleteKey}.`
}
