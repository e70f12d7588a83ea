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
    case 'EEXIST':
      return 'a file stands there already';
    case 'EISDIR':
      return 'a directory';
    case 'ENOTDIR':
      return 'a part of the path is no directory';
    case 'ENOSPC':
      return 'no space left on the disk';
    case 'EDQUOT':
      return 'the quota of the disk is used up';
    case 'EROFS':
      return 'the disk is read-only';
    case 'EIO':
      return 'the disk cannot be read or written';
    case 'EMFILE':
    case 'ENFILE':
      return 'no file descriptor is left';
    case 'ENAMETOOLONG':
      return 'the path is too long';
    case 'ELOOP':
      return 'too many symbolic links';
    case 'EADDRINUSE':
      return 'in use by another process';
    case 'EADDRNOTAVAIL':
      return 'no address of this machine';
    default:
      return code ?? message ?? 'unreadable';
  }
}
