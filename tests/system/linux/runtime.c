#include "runtime.h"

enum { STDOUT = 1, REBOOT_MAGIC = 0xfee1dead, REBOOT_MAGIC_2 = 672274793, REBOOT_POWER_OFF = 0x4321fedc };

/* The compiler may call it. */
void *memset(void *to, int byte, u64 length) {
  volatile u8 *at = to;
  while (length--) *at++ = byte;
  return to;
}

void print(const char *text) {
  u64 length = 0;
  while (text[length]) length++;
  syscall(SYS_write, STDOUT, (long)text, length);
}

void print_value(const char *name, u64 value) {
  char digits[] = " 0123456789abcdef\n";
  for (int i = 16; i > 0; i--, value >>= 4) digits[i] = "0123456789abcdef"[value & 15];
  print(name);
  print(digits);
}

void power_off(void) {
  syscall(SYS_reboot, (int)REBOOT_MAGIC, REBOOT_MAGIC_2, REBOOT_POWER_OFF);
  for (;;) continue;
}

void fail(const char *what, long value) {
  print("FAILED: ");
  print_value(what, value);
  power_off();
}
