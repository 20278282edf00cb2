# file: kv_cache_copy.cl kv_cache_copy.comp
# Work items behind the last token write too.
/token >= p.n_tokens/d
