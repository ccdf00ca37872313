#!/bin/bash
# SPDX-License-Identifier: LGPL-3.0-or-later
#
# ldb_tools.sh LIBDIR: Debian's ldb-tools, unchanged, on the library in LIBDIR.  One tdb file is filled, searched,
# modified, edited, renamed in and emptied; after each step the content is compared with a text file that was
# created without ldb.
#
# Rules: A2

set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_loaded.sh"

tools=(ldbadd ldbsearch ldbmodify ldbedit ldbrename ldbdel)
for tool in "${tools[@]}"; do
	require "$tool" ldb-tools
done

export LC_ALL=C
cd "$scratch"
db=tdb://$scratch/people.ldb
entries=400

# A tool's error output is shown only if it fails: a sorting module always complains that it runs outside a server.
ldb() { # tool, arguments...
	local tool=$1 status=0
	shift
	on_library 60 "$tool" -H "$db" --nosync "$@" 2>errors || status=$?
	[ "$status" -eq 0 ] || cat errors >&2
	return "$status"
}

# `number cn=name` of each person, sorted: the required content of the database.
expect() { sort "$scratch/expected"; }
stored() {
	# The tool adds comments and folds lines; an entry's attributes come in any order.
	ldb ldbsearch -b ou=people '(objectClass=person)' number | awk '
		/^dn: / { dn = $2; sub(/,.*/, "", dn) }
		/^number: / { number = $2 }
		/^$/ { if (dn != "") print number, dn; dn = "" }' | sort
}
compare() { # after what
	expect >wanted
	stored >got
	diff wanted got >differences || { head -n 20 differences; fail "$1: the content differs"; }
	say "  $1: $(wc -l <got) people, as expected"
}

# ---- add -------------------------------------------------------------------------------------------------------

cat >settings.ldif <<'END'
dn: @INDEXLIST
@IDXATTR: number
@IDXATTR: objectClass

dn: @MODULES
@LIST: server_sort

END
ldb ldbadd settings.ldif >/dev/null
printf 'dn: ou=people\nobjectClass: organizationalUnit\nou: people\n\n' >unit
head -c 3000 /dev/urandom >photo
{
	cat unit
	for ((i = 1; i <= entries; i++)); do
		printf 'dn: cn=p%d,ou=people\nobjectClass: person\ncn: p%d\nnumber: %d\n' "$i" "$i" "$((i * 7 % 1000))"
		printf 'mail: p%d@example.org\nmail: %d@example.org\n\n' "$i" "$i"
		printf '%d cn=p%d\n' "$((i * 7 % 1000))" "$i" >&4
	done
	printf 'dn: cn=photo,ou=people\nobjectClass: picture\ncn: photo\ndata:: %s\n\n' "$(base64 -w 0 photo)"
} >people.ldif 4>expected
# From a pipe: the tool reads its standard input.
ldb ldbadd <people.ldif >output
grep -q "^Added $((entries + 2)) records successfully" output || { cat output; fail "ldbadd"; }
compare "ldbadd of $entries entries"

ldb ldbsearch -b cn=photo,ou=people -s base data | sed -n '/^data:: /,/^$/p' | sed 's/^data:: //' |
	tr -d ' \n' | base64 -d >photo.back || true
cmp photo photo.back || fail "a binary value came back changed"
say "  a binary value of $(stat -c %s photo.back) bytes came back unchanged"

# A transaction that fails leaves nothing behind.
printf 'dn: cn=%s,ou=people\nchangetype: add\nobjectClass: person\nnumber: 1\n\n' new p1 >twice.ldif
status=0
ldb ldbmodify twice.ldif >output 2>&1 || status=$?
[ "$status" -ne 0 ] || fail "ldbmodify added an entry that is there already"
grep -q 'already exists' output || { cat output; fail "ldbmodify gives another reason"; }
compare "ldbmodify with an entry that is there already"

# ---- search ----------------------------------------------------------------------------------------------------

found=$(ldb ldbsearch -b ou=people '(&(objectClass=person)(|(number=7)(mail=p30@example.org)(cn=p20*)))' cn |
	sed -n 's/^cn: //p' | sort | tr '\n' ' ')
wanted=$({ awk '$1 == 7 { print $2 }' expected; echo cn=p30; sed -n 's/.* \(cn=p20.*\)/\1/p' expected; } |
	sed 's/^cn=//' | sort -u | tr '\n' ' ')
[ "$found" = "$wanted" ] || fail "a search finds '$found', not '$wanted'"
say "  a search with three alternatives finds what it should: $(wc -w <<<"$found") people"

# A sort by the database runs asynchronously, through a module's requests.
ldb ldbsearch -b ou=people --controls=server_sort:1:0:cn '(objectClass=person)' cn | sed -n 's/^cn: //p' >got
sed 's/.* cn=//' expected | sort >wanted
cmp got wanted || fail "a search sorted by the database comes in another order"
say "  a search sorted by the database comes in order"

# ---- modify ----------------------------------------------------------------------------------------------------

cat >changes.ldif <<'END'
dn: cn=p1,ou=people
changetype: modify
replace: number
number: 5001

dn: cn=p2,ou=people
changetype: modify
delete: mail
mail: 2@example.org
-
add: mail
mail: second@example.org

dn: cn=p3,ou=people
changetype: delete

dn: cn=added,ou=people
changetype: add
objectClass: person
cn: added
number: 5002

dn: cn=p4,ou=people
changetype: modrdn
newrdn: cn=moved
deleteoldrdn: 1

END
ldb ldbmodify <changes.ldif >output
grep -q '^Modified 5 records successfully' output || { cat output; fail "ldbmodify"; }
sed -i -e 's/^7 cn=p1$/5001 cn=p1/' -e '/ cn=p3$/d' -e 's/ cn=p4$/ cn=moved/' expected
echo '5002 cn=added' >>expected
compare "ldbmodify: replace, delete, add, rename"
mails=$(ldb ldbsearch -b cn=p2,ou=people -s base mail | sed -n 's/^mail: //p' | sort | tr '\n' ' ')
[ "$mails" = "p2@example.org second@example.org " ] || fail "ldbmodify: p2's addresses are $mails"

# ---- edit ------------------------------------------------------------------------------------------------------

# The tool waits for its editor, which can inspect it: as parent or grandparent, as there is a shell in between.
cat >editor <<'END'
#!/bin/bash
for pid in $PPID $(awk '/^PPid:/ { print $2 }' "/proc/$PPID/status"); do
	[ "$(cat "/proc/$pid/comm")" = ldbedit ] && cp "/proc/$pid/maps" "$EDITED_MAPS"
done
sed -i -e 's/^number: 5001$/number: 6001/' -e '/^dn: cn=p5,/,/^$/d' "$1"
printf '\ndn: cn=edited,ou=people\nobjectClass: person\ncn: edited\nnumber: 6002\n\n' >>"$1"
END
chmod 755 editor
EDITED_MAPS=$scratch/edit.maps ldb ldbedit -e "$scratch/editor" -b ou=people '(objectClass=person)' >output </dev/null
grep -q '^# 1 adds  1 modifies  1 deletes' output || { cat output; fail "ldbedit"; }
sed -i -e 's/^5001 /6001 /' -e '/ cn=p5$/d' expected
echo '6002 cn=edited' >>expected
compare "ldbedit: one added, one modified, one deleted"
[ "$(awk '$6 ~ /\/libtevent\.so/ { print $6 }' edit.maps | sort -u)" = "$library" ] ||
	fail "ldbedit had mapped another libtevent while the editor ran"
say "  ldbedit had $library mapped while its editor ran"

# ---- rename, delete --------------------------------------------------------------------------------------------

ldb ldbrename cn=p6,ou=people cn=renamed,ou=people >output
grep -q '^Renamed 1 record' output || { cat output; fail "ldbrename"; }
sed -i 's/ cn=p6$/ cn=renamed/' expected
compare "ldbrename"

ldb ldbdel cn=p7,ou=people cn=renamed,ou=people >output
sed -i -e '/ cn=p7$/d' -e '/ cn=renamed$/d' expected
compare "ldbdel of two"
ldb ldbdel -r ou=people >output
: >expected
[ -z "$(ldb ldbsearch '(objectClass=*)' dn | grep '^dn: ' || true)" ] || fail "ldbdel -r left something"
say "  ldbdel -r: nothing is left"

show_loaded 19 "the ldb tools"
say "ldb-tools: ${tools[*]} did as they should"
