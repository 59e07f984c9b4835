// What a file is ready for, and not to wait for it (poll(2), open(2)).
export const POLLIN = 1;
export const POLLOUT = 4;
export const POLLERR = 8;
export const POLLHUP = 0x10;
export const POLLNVAL = 0x20;
export const POLLRDHUP = 0x2000;

export const O_NONBLOCK = 0o4000;
