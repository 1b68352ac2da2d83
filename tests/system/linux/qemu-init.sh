#!/bin/busybox sh
# The first process of an L1 that has Debian's QEMU: loads Linux's own KVM and boots the same kernel as L2 with it.
/bin/busybox --install -s /bin
export PATH=/bin:/usr/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
insmod /kvm.ko && insmod /kvm-hv.ko && echo "L1: $(uname -sm) with KVM"
qemu-system-ppc64 -M pseries,accel=kvm,x-vof=on,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off \
  -cpu host -m 256M -nographic -nodefaults -serial stdio -kernel /vmlinux -initrd /l2.cpio \
  -append 'console=hvc0 cryptomgr.notests=1'
echo "L1: QEMU ended with $?"
poweroff -f
