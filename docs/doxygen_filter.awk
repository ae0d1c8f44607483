# For docs/Doxyfile: the block of // lines that opens a header documents the file, word for word.
NR == 1 && /^#pragma once/ { print "/** @file"; print "@verbatim"; opening = 1; next }
opening && /^\/\// { sub(/^\/\/ ?/, ""); print; next }
opening { print "@endverbatim */"; opening = 0 }
{ print }
