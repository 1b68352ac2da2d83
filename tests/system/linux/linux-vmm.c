/*
 * The first process of an L1 that boots Linux as L2: loads Linux's own KVM, puts a kernel (ELF), a device tree and an
 * initial RAM disk from its root folder into a virtual machine with one CPU, and is the firmware and the devices
 * that a PAPR guest needs to print and to power off. Ends with "L2 powered off".
 */
#include "kvm.h"

/* PAPR: hypercalls, and the statuses of hypercalls and RTAS calls. */
enum {
  H_PUT_TERM_CHAR = 0x58, H_GET_TERM_CHAR = 0x54, H_CPPR = 0x68, H_GET_CPU_CHARACTERISTICS = 0x1c8, H_SET_MODE = 0x31c,
  H_REGISTER_PROC_TBL = 0x37c, H_RTAS = 0xf000,
};
enum { H_SUCCESS = 0, H_FUNCTION = -2, H_PARAMETER = -4, RTAS_NO_CALL = -3 };
enum { MODE_ADDRESS_TRANSLATION = 3, MODE_LITTLE_ENDIAN = 4, SETS_AIL_3 = 3, SETS_LITTLE = 1, TERM_CHARS = 16 };
/* As the device tree names them. */
enum { RTAS_POWER_OFF = 0x2003, RTAS_SET_XIVE = 0x200a, RTAS_INT_OFF = 0x200c, RTAS_INT_ON = 0x200d };

/* Where the test's device tree says things are; the kernel is at its own addresses. */
enum { DISK_AT = 64 << 20, TREE_AT = 240 << 20, RTAS_AT = 248 << 20, MEMORY_BYTES = 256 << 20 };
/* mr r4,r3; lis r3,0; ori r3,r3,H_RTAS; sc 1; blr, for a big-endian CPU */
static const u8 RTAS_CODE[] = {0x7c, 0x64, 0x1b, 0x78, 0x3c, 0x60, 0, 0, 0x60, 0x63, 0xf0, 0, 0x44, 0, 0, 0x22, 0x4e, 0x80, 0, 0x20};

/* ELF64: byte offsets of what is needed. */
enum { E_PHOFF = 32, E_PHNUM = 56, PHDR_BYTES = 56, P_OFFSET = 8, P_PADDR = 24, P_FILESZ = 32, PT_LOAD = 1, HEADER_BYTES = 4096 };

/* Bytes of a file, from an offset on, to guest memory; as many as there are, at most `most`. */
static void load(const char *path, u64 at, u64 offset, u64 most) {
  long file = open_file(path, 0);
  expect(path, syscall(SYS_lseek, file, offset, 0));
  for (u64 done = 0; done < most;) {
    if (at + done >= MEMORY_BYTES) fail(path, at);
    u64 left = MEMORY_BYTES - at - done;
    long got = expect(path, syscall(SYS_read, file, (long)(memory + at + done), most - done < left ? most - done : left));
    if (got == 0) break;
    done += got;
  }
  syscall(SYS_close, file);
}

static void load_kernel(const char *path) {
  static u8 header[HEADER_BYTES];
  long file = open_file(path, 0);
  expect(path, syscall(SYS_read, file, (long)header, sizeof(header)));
  syscall(SYS_close, file);
  const u8 *segment = header + *(const u64 *)(header + E_PHOFF);
  for (int i = *(const unsigned short *)(header + E_PHNUM); i > 0; i--, segment += PHDR_BYTES)
    if (*(const u32 *)segment == PT_LOAD)
      load(path, *(const u64 *)(segment + P_PADDR), *(const u64 *)(segment + P_OFFSET), *(const u64 *)(segment + P_FILESZ));
}

/* Up to 16 characters, the first one in the highest byte of the first register. */
static long put_characters(u64 length, const u64 *registers) {
  static char text[TERM_CHARS + 1];
  if (length > TERM_CHARS) return H_PARAMETER;
  for (u64 i = 0; i < length; i++) text[i] = registers[i / 8] >> (56 - 8 * (i % 8));
  syscall(SYS_write, 1, (long)text, length);
  return H_SUCCESS;
}

static long set_mode(u64 value, u64 resource) {
  if (resource == MODE_LITTLE_ENDIAN && value == SETS_LITTLE) set_lpcr(LPCR_ILE);
  else if (resource == MODE_ADDRESS_TRANSLATION && value == SETS_AIL_3) set_lpcr(LPCR_AIL_3);
  else return H_FUNCTION;
  return H_SUCCESS;
}

/* A block of big-endian words: token, number of arguments, number of results, arguments, results. */
static long rtas(u64 address) {
  if (address > MEMORY_BYTES - 64) return H_PARAMETER;
  u32 *block = (u32 *)(memory + address);
  u32 token = __builtin_bswap32(block[0]), arguments = __builtin_bswap32(block[1]);
  if (token == RTAS_POWER_OFF) {
    print("L2 powered off\n");
    power_off();
  }
  /* No device interrupts: whatever is said of them is done. */
  long status = token == RTAS_SET_XIVE || token == RTAS_INT_OFF || token == RTAS_INT_ON ? H_SUCCESS : RTAS_NO_CALL;
  if (arguments < 8) block[3 + arguments] = __builtin_bswap32(status);
  return H_SUCCESS;
}

static long answer(u64 number, u64 *arguments) {
  switch (number) {
    case H_PUT_TERM_CHAR:
      return put_characters(arguments[1], arguments + 2);
    case H_GET_TERM_CHAR:
      arguments[0] = 0;
      return H_SUCCESS;
    case H_CPPR:
      return H_SUCCESS;
    case H_GET_CPU_CHARACTERISTICS:
      arguments[0] = arguments[1] = 0;
      return H_SUCCESS;
    case H_SET_MODE:
      return set_mode(arguments[0], arguments[1]);
    case H_REGISTER_PROC_TBL:
      return set_process_table(arguments[1] | arguments[3]) ? H_PARAMETER : H_SUCCESS;
    case H_RTAS:
      return rtas(arguments[0]);
    default:
      return H_FUNCTION;
  }
}

int main(void) {
  print("L1 process runs\n");
  make_machine(MEMORY_BYTES);
  load_kernel("/vmlinux");
  load("/l2.cpio", DISK_AT, 0, TREE_AT - DISK_AT);
  load("/l2.dtb", TREE_AT, 0, RTAS_AT - TREE_AT);
  for (u64 i = 0; i < sizeof(RTAS_CODE); i++) memory[RTAS_AT + i] = RTAS_CODE[i];
  start_at(0, MSR_SF | MSR_ME, (const u64[]){TREE_AT, 0, 0}, 3);
  for (;;) {
    run_cpu();
    if (run->exit_reason != EXIT_HYPERCALL) fail("exit for an unknown reason", run->exit_reason);
    run->hypercall.result = answer(run->hypercall.number, run->hypercall.arguments);
  }
}
