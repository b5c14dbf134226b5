# Completes each line of standard input in a real, interactive zsh, and prints what became of it.
# $1: a file whose lines are read by that zsh first.
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PS1=; source $1"
zpty -r -m z waste '*ready-to-complete*'
while read -r line; do
  zpty -w -n z "$line"$'\t\C-X'
  zpty -r -m z out '*<<*>>*'
  print -r -- "${${out##*<<}%%>>*}"
done
