// Only in sanitized programs: plug-ins stay loaded, so that a leak of theirs can be told by name.

extern "C" int dlclose(void*) { return 0; }
