#include "kvm.h"

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

enum { GET_API_VERSION = IO(0), CREATE_VM = IO(1), GET_RUN_BYTES = IO(4), CREATE_CPU = IO(0x41), RUN = IO(0x80) };
#define SET_MEMORY IO_WRITE(0x46, 32)
#define GET_REGS IO_READ(0x81, 392)
#define SET_REGS IO_WRITE(0x82, 392)
#define ENABLE_CAPABILITY IO_WRITE(0xa3, 104)
#define GET_ONE_REG IO_WRITE(0xab, 16)
#define SET_ONE_REG IO_WRITE(0xac, 16)
#define CONFIGURE_MMU IO_WRITE(0xaf, 16)

enum { TYPE_HV = 1, CAPABILITY_PAPR = 68 };
#define LPCR_NUMBER 0x10300000000000b5ul
/* Radix, and the guest invalidates translations itself. */
#define MMU_FLAGS 3
#define PROCESS_TABLE_IS_RADIX (1ul << 63)
enum { O_RDWR = 2, AT_FDCWD = -100, SHARED = 1, PRIVATE_ANONYMOUS = 0x22, READ_WRITE = 3, FIRST_ARGUMENT = 3 };

static long vm, cpu;
u8 *memory;
struct kvm_run *run;

static long control(long file, u64 operation, const void *argument) {
  return syscall(SYS_ioctl, file, operation, (long)argument);
}

long expect(const char *what, long result) {
  if (result < 0) fail(what, result);
  return result;
}

long open_file(const char *path, long flags) {
  return expect(path, syscall(SYS_openat, AT_FDCWD, (long)path, flags));
}

static void load_module(const char *path) {
  long file = open_file(path, 0);
  expect(path, syscall(SYS_finit_module, file, (long)"", 0));
  syscall(SYS_close, file);
}

static void *map(long bytes, long flags, long file) {
  long address = syscall(SYS_mmap, 0, bytes, READ_WRITE, flags, file, 0);
  if (address < 0 && address > -4096) fail("mmap", address);
  return (void *)address;
}

void make_machine(u64 bytes) {
  load_module("/kvm.ko");
  load_module("/kvm-hv.ko");
  long kvm = open_file("/dev/kvm", O_RDWR);
  print_value("KVM API", control(kvm, GET_API_VERSION, 0));
  vm = expect("virtual machine", control(kvm, CREATE_VM, (void *)TYPE_HV));
  memory = map(bytes, PRIVATE_ANONYMOUS, -1);
  struct kvm_memory_region region = {.bytes = bytes, .host_address = (u64)memory};
  expect("memory", control(vm, SET_MEMORY, &region));
  cpu = expect("CPU", control(vm, CREATE_CPU, 0));
  struct kvm_capability papr = {.number = CAPABILITY_PAPR};
  expect("hypercalls", control(cpu, ENABLE_CAPABILITY, &papr));
  run = map(expect("size", control(kvm, GET_RUN_BYTES, 0)), SHARED, cpu);
}

void set_lpcr(u64 bits) {
  u64 lpcr = 0;
  struct kvm_one_reg reg = {LPCR_NUMBER, (u64)&lpcr};
  expect("LPCR", control(cpu, GET_ONE_REG, &reg));
  lpcr |= bits;
  expect("LPCR", control(cpu, SET_ONE_REG, &reg));
}

void start_at(u64 pc, u64 msr, const u64 *arguments, int count) {
  static struct kvm_regs regs;
  expect("registers", control(cpu, GET_REGS, &regs));
  regs.pc = pc;
  regs.msr = msr;
  for (int i = 0; i < count; i++) regs.gpr[FIRST_ARGUMENT + i] = arguments[i];
  expect("registers", control(cpu, SET_REGS, &regs));
}

long set_process_table(u64 address_and_size) {
  struct kvm_mmu mmu = {MMU_FLAGS, address_and_size | PROCESS_TABLE_IS_RADIX};
  return control(vm, CONFIGURE_MMU, &mmu);
}

void run_cpu(void) {
  expect("run", control(cpu, RUN, 0));
}
