#!/bin/busybox sh
# The first process of a machine with busybox and nothing else: what a user would try first, with results that are the
# same on every machine. With the word `interactive` on the kernel's command line it ends in a shell on the console.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
case "$(cat /proc/cmdline)" in *interactive*) exec setsid cttyhack sh ;; esac

echo "shell: $((6 * 7)) $(uname -sm) $(nproc)"
ls -d /bin /dev/console /proc/self/exe /sys/kernel
mount | cut -d ' ' -f 1-5
grep -o 'POWER[0-9]*' /proc/cpuinfo | sort -u
awk '/^MMU/ { print $3 }' /proc/cpuinfo

cd /tmp
seq 1 2000 >numbers
wc numbers
md5sum numbers
sha256sum numbers
sort -rn numbers | head -n 3 | tr '\n' ' '; echo
awk '{ sum += $1 / 7; squares += $1 * $1 } END { printf "%.6f %.10g\n", sum, squares }' numbers
awk 'BEGIN { printf "%.3f %e %g %d\n", 2 / 3, 12345.678, 1e-7, -7.9 }'
echo 'scale=20; 2^100; 22/7; sqrt(2)' | bc
date -u -d @1000000000

dd if=/dev/zero bs=64k count=4 2>/dev/null | gzip -c | gunzip -c | md5sum
gzip -k numbers
gunzip -c numbers.gz | cmp - numbers && echo 'compressed and back'
tar cf all.tar numbers numbers.gz && mkdir out && tar xf all.tar -C out && cmp out/numbers numbers && echo 'archived and back'
sed -n 's/^\(1[0-9]*\)99$/<\1>/p' numbers | head -n 2
printf 'a,b,c\n' | tr , '\n' | xargs -n 1 echo item
sed -i 's/^5$/five/' numbers && diff numbers out/numbers | grep '^[-+][f5]'

# Eight processes at once through pipes; then one that is killed.
for i in 1 2 3 4 5 6 7 8; do (seq 1 "$i"00 | md5sum | cut -c 1-8) & done | sort
sleep 100 & kill $!; wait $! 2>/dev/null; echo "killed: $?"
sleep 0.2 && usleep 1000 && echo 'slept'
trap 'echo "signal: USR1"' USR1; kill -USR1 $$
df -a | wc -l | grep -q . && free | grep -q Mem && ps | grep -q busybox; echo "tools: $?"
poweroff -f
