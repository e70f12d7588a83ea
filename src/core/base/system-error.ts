// What a system call answered, in the words of people. Others keep the name that the system gives them.

/** @param intent what was to be done with the file: to write one, its directory must be there */
export function systemErrorText(error: unknown, intent: 'read' | 'write' = 'read'): string {
  const { code, message } = error as { readonly code?: string; readonly message?: string };
  switch (code) {
    case 'ENOENT':
      return intent === 'read' ? 'no such file' : 'no such directory';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'EISDIR':
      return 'a directory';
    case 'ENOTDIR':
      return 'a part of the path is no directory';
    case 'ENOSPC':
      return 'no space left on the disk';
    case 'EROFS':
      return 'the disk is read-only';
    default:
      return code ?? message ?? 'unreadable';
  }
}
