/**
 * The commands that stand first on a program's PATH, as POSIX shell: `sleep`, `odoocli` and the others hand their
 * parameters to the harness through a named pipe and wait for the answer at another; that takes 3 ms, where starting
 * Node for each would take 40. `date` reads the virtual time from a file.
 */

/** The named pipe that takes orders, in the engine's directory. */
export const ORDERS = 'orders'
/** The virtual time, ms, in the engine's directory. */
export const NOW = 'now'

/** Text for `'…'` in a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

/**
 * Hands name and parameters to the harness: they stand in a file, since a pipe keeps only short lines whole. The answer
 * is the exit status; what is to be printed stands in files by then. The pipe is open on this side before the order is
 * given, so that the harness finds somebody there.
 */
export function orderingCommand(directory: string, name: string): string {
  return `#!/bin/sh
d=${quoted(directory)}
me=$$
mkfifo "$d/answer.$me" || exit 125
exec 3<>"$d/answer.$me"
{ printf '%s\\0' ${quoted(name)} "$@" >"$d/order.$me" && echo "$me" >"$d/${ORDERS}"; } || exit 125
read -r status <&3
if [ -s "$d/stdout.$me" ]; then cat "$d/stdout.$me"; fi
if [ -s "$d/stderr.$me" ]; then cat "$d/stderr.$me" >&2; fi
rm -f "$d"/*."$me"
exit "$status"
`
}

/**
 * `date` at virtual time: the real one, told the moment. What it is asked to convert (`-d TEXT`) may be relative; then the
 * moment is put beside it, the text first, because a sign after a time of day would be read as a time zone.
 */
export function dateCommand(directory: string, real: string, isBsd: boolean): string {
  const head = `#!/bin/sh
read -r ms <${quoted(`${directory}/${NOW}`)}
s=$((ms / 1000))
date=${quoted(real)}
`
  if (isBsd) {
    return `${head}for each in "$@"; do
  case $each in -[jr]* | -f*) exec "$date" "$@" ;; esac
done
exec "$date" -r "$s" "$@"
`
  }
  return `${head}moment=@$s.$(printf %03d $((ms % 1000)))
text= asked= utc=
count=$#
while [ "$count" -gt 0 ]; do
  each=$1
  shift
  count=$((count - 1))
  case $each in
    -d | --date | -ud)
      [ "$each" = -ud ] && set -- "$@" -u && utc=-u
      text=$1 asked=yes
      [ "$count" -gt 0 ] && shift && count=$((count - 1))
      ;;
    --date=*) text=\${each#*=} asked=yes ;;
    -d*) text=\${each#-d} asked=yes ;;
    -s* | --set*) echo 'date: the clock of a drill cannot be set' >&2 && exit 1 ;;
    -r* | --reference* | -f* | --file*) given=yes && set -- "$@" "$each" ;;
    -u | --utc | --universal) utc=-u && set -- "$@" "$each" ;;
    *) set -- "$@" "$each" ;;
  esac
done
[ "\${given-}" = yes ] && exec "$date" "$@"
[ "$asked" = yes ] || exec "$date" -d "$moment" "$@"
case $text in
  @* | *[0-9][0-9][0-9][0-9]* | *[0-9]/[0-9]* | *[Jj]an* | *[Ff]eb* | *[Mm]ar* | *[Aa]pr* | *[Mm]ay* | *[Jj]un* | *[Jj]ul* | *[Aa]ug* | *[Ss]ep* | *[Oo]ct* | *[Nn]ov* | *[Dd]ec*)
    exec "$date" -d "$text" "$@" ;;
  '' | *[0-9]:[0-9]* | *noon* | *midnight* | *[0-9][ap]m* | *[0-9]\\ [ap]m* | *[Mm]onday* | *[Tt]uesday* | *[Ww]ednesday* | *[Tt]hursday* | *[Ff]riday* | *[Ss]aturday* | *[Ss]unday*)
    exec "$date" -d "$text $("$date" $utc -d "$moment" +%Y-%m-%d)" "$@" ;;
  *)
    exec "$date" -d "$text $("$date" $utc -d "$moment" '+%Y-%m-%d %H:%M:%S.%N')" "$@" ;;
esac
`
}
