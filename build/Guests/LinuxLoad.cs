namespace Xenolith.Build.Guests;

/// <summary>
/// <c>load SECONDS</c> in the Linux guest: processor, timer and fork work on every CPU at once, and then what the kernel
/// counted and complained of.
/// </summary>
internal static class LinuxLoad
{
    /// <summary>The shell program. It prints lines that begin with "load:".</summary>
    public const string Script = """
        #!/bin/sh
        # load SECONDS: work on every CPU until then, and a line of counts for each.
        cd
        seconds=${1:-60}
        # In hundredths: whole seconds would end it early by as much as the clock is past one.
        hundredths() { read -r now rest </proc/uptime; now=${now%.*}${now#*.}; }
        hundredths
        end=$((now + 100 * seconds))
        running() { hundredths; [ "$now" -lt "$end" ]; }
        compute() { n=0; while running; do head -c 200000 /bin/busybox | sha256sum >/dev/null; n=$((n + 1)); done; echo $n >compute.$1; }
        tick() { n=0; while running; do usleep 2000; n=$((n + 1)); done; echo $n >tick.$1; }
        fork() { n=0; while running; do (exit 0); n=$((n + 1)); done; echo $n >fork.$1; }
        cpus=$(nproc)
        cpu=0
        while [ $cpu -lt $cpus ]; do
            mask=$(printf %x $((1 << cpu)))
            for work in compute tick fork; do
                (taskset -p $mask $(exec sh -c 'echo $PPID') >/dev/null; $work $cpu) &
            done
            # One that is bound nowhere: the kernel moves it about, by inter-processor interrupts.
            tick any$cpu &
            cpu=$((cpu + 1))
        done
        wait
        echo "load: $cpus CPUs, $seconds seconds"
        cpu=0
        while [ $cpu -lt $cpus ]; do
            timer=$(awk -v c=$cpu '/-virq.*timer|LOC:/ { n += $(c + 2) } END { print n + 0 }' /proc/interrupts)
            ipi=$(awk -v c=$cpu '/-ipi|RES:|CAL:/ { n += $(c + 2) } END { print n + 0 }' /proc/interrupts)
            echo "load: cpu $cpu: timer $timer, ipi $ipi, computed $(cat compute.$cpu), slept $(cat tick.$cpu), forked $(cat fork.$cpu)"
            cpu=$((cpu + 1))
        done
        complaints=$(dmesg | grep -E -i 'warning|bug:| stall|lockup|hung task|call trace|unstable|oops|unchecked')
        if [ -n "$complaints" ]; then
            echo "load: the kernel complains:"
            echo "$complaints"
        else
            echo "load: the kernel has no complaint"
        fi
        # What has to do with time and CPUs.
        echo "load: $(dmesg | grep -cE 'self-detected|detected stalls|lockup|WARNING:|skewed|blocked for more') lines of hangs or warnings"

        """;
}
