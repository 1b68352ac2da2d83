/*
 * The first process of an L1: loads Linux's own KVM, makes a virtual machine with one CPU, runs the guest of `l2.S` in
 * it and answers its hypercalls. What the guest does is named beside each of its parts. Ends with "KVM works".
 */
#include "runtime.h"

/* linux/kvm.h and asm/kvm.h: numbers of the interface. */
#define IO(n) (0x2000ae00u | (n))
#define IO_READ(n, bytes) (0x4000ae00u | (bytes) << 16 | (n))
#define IO_WRITE(n, bytes) (0x8000ae00u | (bytes) << 16 | (n))

struct kvm_regs {
  u64 pc, cr, ctr, lr, xer, msr, srr0, srr1, pid, sprg[8], gpr[32];
};
struct kvm_memory_region {
  u32 slot, flags;
  u64 guest_address, bytes, host_address;
};
struct kvm_capability {
  u32 number, flags;
  u64 arguments[4];
  u8 reserved[64];
};
struct kvm_one_reg {
  u64 number, address;
};
struct kvm_mmu {
  u64 flags, process_table;
};
struct kvm_run {
  u32 request[2];
  u32 exit_reason;
  u32 state[5];
  union {
    struct {
      u64 number, result, arguments[9];
    } hypercall;
    struct {
      u64 address;
      u8 data[8];
      u32 length;
      u8 is_write;
    } mmio;
  };
};

enum { GET_API_VERSION = IO(0), CREATE_VM = IO(1), GET_RUN_BYTES = IO(4), CREATE_CPU = IO(0x41), RUN = IO(0x80) };
#define SET_MEMORY IO_WRITE(0x46, 32)
#define GET_REGS IO_READ(0x81, 392)
#define SET_REGS IO_WRITE(0x82, 392)
#define ENABLE_CAPABILITY IO_WRITE(0xa3, 104)
#define GET_ONE_REG IO_WRITE(0xab, 16)
#define SET_ONE_REG IO_WRITE(0xac, 16)
#define CONFIGURE_MMU IO_WRITE(0xaf, 16)

enum { TYPE_HV = 1, CAPABILITY_PAPR = 68, EXIT_MMIO = 6, EXIT_HYPERCALL = 19 };
#define LPCR_NUMBER 0x10300000000000b5ul
#define LPCR_ILE (1ul << 25)
/* Radix, and the guest invalidates translations itself. */
#define MMU_FLAGS 3
#define PROCESS_TABLE_IS_RADIX (1ul << 63)

/* What the guest asks for; see l2.S. */
enum {
  CALL_REPORT = 0xf400, CALL_ANSWER = 0xf404, CALL_TRANSLATION = 0xf408, CALL_DROP = 0xf40c, CALL_END = 0xf410,
  CALL_FAIL = 0xf414,
};
#define ANSWER_KEY 0x5a5a5a5a5a5a5a5aul
#define MMIO_ANSWER 0x12345678ul
enum { PAGE = 65536, ENTRY = 0x1000, O_RDWR = 2, AT_FDCWD = -100, DONTNEED = 4 };
/* SF, ME, RI, LE: guest real mode. */
#define GUEST_MSR 0x8000000000001003ul
#define MEMORY_BYTES (32ul << 20)

extern const u8 l2_start[], l2_end[];

static long kvm, vm, cpu;
static u8 *memory;
static struct kvm_run *run;

static long control(long file, u64 operation, const void *argument) {
  return syscall(SYS_ioctl, file, operation, (long)argument);
}

static long expect(const char *what, long result) {
  if (result < 0) fail(what, result);
  return result;
}

static void load_module(const char *path) {
  long file = expect(path, syscall(SYS_openat, AT_FDCWD, (long)path, 0));
  expect(path, syscall(SYS_finit_module, file, (long)"", 0));
  syscall(SYS_close, file);
}

static void *map(long bytes, long flags, long file) {
  long address = syscall(SYS_mmap, 0, bytes, 3, flags, file, 0);
  if (address < 0 && address > -4096) fail("mmap", address);
  return (void *)address;
}

static void make_machine(void) {
  kvm = expect("/dev/kvm", syscall(SYS_openat, AT_FDCWD, (long)"/dev/kvm", O_RDWR));
  print_value("KVM API", control(kvm, GET_API_VERSION, 0));
  vm = expect("virtual machine", control(kvm, CREATE_VM, (void *)TYPE_HV));
  memory = map(MEMORY_BYTES, 0x22, -1);
  struct kvm_memory_region region = {.bytes = MEMORY_BYTES, .host_address = (u64)memory};
  expect("memory", control(vm, SET_MEMORY, &region));
  cpu = expect("CPU", control(vm, CREATE_CPU, 0));
  struct kvm_capability papr = {.number = CAPABILITY_PAPR};
  expect("hypercalls", control(cpu, ENABLE_CAPABILITY, &papr));
  run = map(expect("size", control(kvm, GET_RUN_BYTES, 0)), 1, cpu);
}

static void start_guest(void) {
  for (long i = 0; i < l2_end - l2_start; i++) memory[i] = l2_start[i];
  u64 lpcr = 0;
  struct kvm_one_reg reg = {LPCR_NUMBER, (u64)&lpcr};
  expect("LPCR", control(cpu, GET_ONE_REG, &reg));
  lpcr |= LPCR_ILE;
  expect("LPCR", control(cpu, SET_ONE_REG, &reg));
  static struct kvm_regs regs;
  expect("registers", control(cpu, GET_REGS, &regs));
  regs.pc = ENTRY;
  regs.msr = GUEST_MSR;
  expect("registers", control(cpu, SET_REGS, &regs));
}

/* The guest's pages of a range go back to the kernel and come again with other contents. */
static long drop(u64 address, u64 bytes) {
  long result = syscall(SYS_madvise, (long)(memory + address), bytes, DONTNEED);
  for (u64 at = address; at < address + bytes; at += PAGE) *(volatile u64 *)(memory + at) = 0xfeed0000 + at;
  return result;
}

static long answer(u64 number, const u64 *arguments) {
  switch (number) {
    case CALL_REPORT:
      print_value("L2 passed", arguments[0]);
      print_value("  with", arguments[1]);
      return 0;
    case CALL_ANSWER:
      return arguments[0] ^ ANSWER_KEY;
    case CALL_TRANSLATION: {
      struct kvm_mmu mmu = {MMU_FLAGS, arguments[0] | PROCESS_TABLE_IS_RADIX};
      return control(vm, CONFIGURE_MMU, &mmu);
    }
    case CALL_DROP:
      return drop(arguments[0], arguments[1]);
    case CALL_END:
      print("KVM works\n");
      power_off();
    case CALL_FAIL:
      print_value("L2 at", arguments[0]);
      fail("L2 found", arguments[1]);
    default:
      fail("hypercall", number);
  }
}

static void device_access(void) {
  u64 value = 0;
  for (u32 i = 0; i < run->mmio.length; i++)
    if (run->mmio.is_write) value |= (u64)run->mmio.data[i] << (8 * i);
    else run->mmio.data[i] = MMIO_ANSWER >> (8 * i);
  print_value(run->mmio.is_write ? "device stored at" : "device loaded at", run->mmio.address);
  if (run->mmio.is_write) print_value("  value", value);
}

int main(void) {
  print("L1 process runs\n");
  load_module("/kvm.ko");
  load_module("/kvm-hv.ko");
  make_machine();
  start_guest();
  for (;;) {
    expect("run", control(cpu, RUN, 0));
    if (run->exit_reason == EXIT_MMIO) device_access();
    else if (run->exit_reason == EXIT_HYPERCALL)
      run->hypercall.result = answer(run->hypercall.number, run->hypercall.arguments);
    else fail("exit for an unknown reason", run->exit_reason);
  }
}
