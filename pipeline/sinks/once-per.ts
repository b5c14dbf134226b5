/**
 * Remembers what `derive` made of an object for as long as the object lives. All samples of one instance share one
 * metadata object, so whatever is derived from it is made once an instance and not once a sample. The object must
 * not change afterwards: metadata is readonly from the moment a sample holds it.
 */
export function oncePer<Key extends object, Value>(derive: (key: Key) => Value): (key: Key) => Value {
  const known = new WeakMap<Key, { readonly value: Value }>();
  return (key) => {
    const found = known.get(key);
    if (found) return found.value;
    const value = derive(key);
    known.set(key, { value });
    return value;
  };
}
